export { createFileProvider, type FileProviderOptions } from './adapter.ts';
export { type FileOptions, file } from './file.ts';
