// Prints the directory of the emulator of AWS for the tests; downloads it first if need be. Run by the pinned Node.
import { findMoto } from '../src/servers/aws/moto-directory.ts';

process.stdout.write(await findMoto());
