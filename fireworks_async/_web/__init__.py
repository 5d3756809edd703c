"""One HTTP answer: what the simulator and the gateway share on the server side."""
