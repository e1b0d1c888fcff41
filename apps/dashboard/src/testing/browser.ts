import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const DIRECTORYS = ['/usr/bin', '/usr/local/bin', '/snap/bin'];

/** Starts the system's Chromium, or the one that CHROMIUM_BIN names. @throws if there is none */
export function startBrowser(): Promise<Browser> {
  const installed = DIRECTORYS.flatMap((directory) => NAMES.map((name) => `${directory}/${name}`)).find((path) =>
    existsSync(path),
  );
  const executablePath = process.env.CHROMIUM_BIN || installed;
  if (executablePath === undefined) {
    throw new Error('no Chromium: install it (Debian: apt-get install chromium), or name one with CHROMIUM_BIN');
  }
  // Chromium's own sandbox does not work as root, as which tests run. /dev/shm may be small.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
