export { type DriverEvent, driverEvents } from './driver-events.ts';
export { createDriverServer, type DriverServer, type DriverServerOptions } from './driver-server.ts';
