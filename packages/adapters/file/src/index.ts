export { createFileProvider, type FileProviderOptions } from './adapter.ts';
