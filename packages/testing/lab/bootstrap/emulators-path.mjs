// Prints the directory of the emulators of clouds, which it downloads if necessary. Run by the pinned Node.
import { findEmulators } from '../src/servers/emulator-directory.ts';

process.stdout.write(await findEmulators());
