// Loaded into an emulated Node: the system cannot start that program by itself, so children of the tests
// are started through the emulator as well.
process.execPath = process.env.LOCKSTEP_EXEC_PATH;
