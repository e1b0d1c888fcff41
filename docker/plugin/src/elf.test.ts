import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loaderOf, neededBy, withoutSymbols } from './elf.ts';

const node = readFileSync(process.execPath);

test('names the loader of Node', () => {
  expect(loaderOf(node)).toMatch(/^\/lib.*\/ld-linux.*\.so\.\d$/);
});

test('names the libraries that Node names, with and without its symbols', () => {
  expect(neededBy(node)).toEqual(expect.arrayContaining(['libc.so.6', 'libstdc++.so.6', 'libm.so.6']));
  expect(neededBy(withoutSymbols(node))).toEqual(neededBy(node));
});

test('Node without its symbols is smaller, and runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'elf-'));
  try {
    const program = join(directory, 'node');
    const trimmed = withoutSymbols(node);
    expect(trimmed.byteLength).toBeLessThan(node.byteLength);
    expect(withoutSymbols(trimmed).equals(trimmed)).toBe(true);
    writeFileSync(program, trimmed);
    chmodSync(program, 0o755);
    expect(execFileSync(program, ['--print', 'process.version'], { encoding: 'utf8' })).toBe(`${process.version}\n`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('refuses what is no program', () => {
  expect(() => loaderOf(Buffer.from('#!/bin/sh\n'.repeat(20)))).toThrow('not a 64-bit little-endian ELF file');
});
