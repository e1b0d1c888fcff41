import { builtInProviders } from './providers.ts';
import { runPlugin } from './run-plugin.ts';

await runPlugin({ providers: builtInProviders });
