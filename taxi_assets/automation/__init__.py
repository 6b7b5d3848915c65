"""What runs by itself: jobs, and what starts them."""
