"""Stand-ins that tests of every service use."""
