// Prints the directory of the AWS emulator, which it downloads if necessary. Run by the pinned Node.
import { findMoto } from '../src/servers/aws/moto-directory.ts';

process.stdout.write(await findMoto());
