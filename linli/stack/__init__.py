"""Running the platform: private servers, the processes on them, and what keeps both alive."""
