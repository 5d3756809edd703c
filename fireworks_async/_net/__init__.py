"""Does it: the only floor with client sockets, tasks and clocks; never reads bytes."""
