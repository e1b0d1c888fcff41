import { createHash } from 'node:crypto';
import { Html, html } from './html.ts';

// The page stands alone, since all else that we serve needs the token too.
const STYLE = `:root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:15vh auto 0;\
padding:0 1.25rem}h1{font-size:1.4rem}code{font-size:.9em;overflow-wrap:anywhere}`;

/** Lets the page's own style through the content security policy, and no other. */
export const signInStyleSource = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** What who has no token sees instead of the dashboard. */
export function signInPage(pluginName: string): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${pluginName}: a token is needed</title>
${new Html(`<style>${STYLE}</style>`)}
</head>
<body>
<h1>A token is needed</h1>
<p>This is the monitoring of ${pluginName}. Send the token that it was given as <code>MONITORING_TOKEN</code> with the
request:</p>
<p><code>curl -H "Authorization: Bearer $MONITORING_TOKEN" …</code></p>
<p><a href="health">/health</a> tells without a token whether the plugin works.</p>
</body>
</html>
`.text;
}
