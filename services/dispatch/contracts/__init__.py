"""What crosses dispatch's border, as schemas."""
