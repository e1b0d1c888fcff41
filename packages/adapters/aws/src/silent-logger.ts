const say = () => undefined;

/** Suppresses the SDK's console output. Our events and errors report the same. */
export const silentLogger = { trace: say, debug: say, info: say, warn: say, error: say };
