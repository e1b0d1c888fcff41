// Prints the directory with the programs of PostgreSQL. Run by the pinned Node.
import { findPostgres } from '../src/servers/postgres-programs.ts';

process.stdout.write(findPostgres());
