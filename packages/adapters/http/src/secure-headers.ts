import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** The pages use nothing but their own files; nothing is kept by browsers and proxies, or shown in a frame. */
export function secureHeaders(): RequestHandler {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Also under TLS: it would hold for all ports of this host, where others may only have HTTP.
    strictTransportSecurity: false,
  });
  return (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    headers(request, response, next);
  };
}
