"""The console for analysts: quotes, models, trends and traffic, each read where it is kept."""
