import type { Server } from 'node:http';
import type { Connections } from './connections.ts';

const CLOSING_DEADLINE_MS = 5_000;

/** Prepares closing a server such that no request is aborted and no idle connection delays it. */
export function prepareClosing(server: Server, connections: Connections): () => Promise<void> {
  let closing = false;
  server.prependListener('request', (_request, response) => {
    if (closing) response.setHeader('Connection', 'close');
  });
  return () => {
    if (!server.listening) return Promise.resolve();
    closing = true;
    for (const response of connections.inFlight) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
    return new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), CLOSING_DEADLINE_MS);
      server.close(() => {
        clearTimeout(cut);
        closing = false;
        resolve();
      });
      server.closeIdleConnections();
    });
  };
}
