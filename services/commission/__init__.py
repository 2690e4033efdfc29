"""Who is owed what for every order, and why."""
