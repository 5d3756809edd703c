"""What ties the client to other libraries: a module for each, which loads it."""
