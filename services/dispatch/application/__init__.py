"""What can be done in dispatch, and the ports it is done through."""
