"""What people look at: a month's reports as pages that need no server and no internet."""
