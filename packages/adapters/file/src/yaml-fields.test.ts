import { stringifyLosslessJson } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { parseYamlFields } from './yaml-fields.ts';

function json(text: string): string {
  const parsed = parseYamlFields(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return stringifyLosslessJson(parsed.fields);
}

function problem(text: string): string {
  const parsed = parseYamlFields(text);
  return 'problem' in parsed ? parsed.problem : 'none';
}

describe('the fields of a YAML file', () => {
  test('keep the characters of numbers', () => {
    const text = 'a: 12345678901234567890\nb: 1.0\nc: [-0, 1e400, 0.10]\n';
    expect(json(text)).toBe('{"a":12345678901234567890,"b":1.0,"c":[-0,1e400,0.10]}');
  });

  test('keep the characters of numbers that JSON has no way to write', () => {
    expect(json('a: 0x1F\nb: .5\nc: .inf\nd: +1\ne: 007\nf: 1.')).toBe(
      '{"a":"0x1F","b":".5","c":".inf","d":"+1","e":"007","f":"1."}',
    );
  });

  test('have only true and false for booleans, and null for nothing', () => {
    expect(json('a: True\nb: false\nc: yes\nd: ~\ne:\nf: null')).toBe(
      '{"a":true,"b":false,"c":"yes","d":null,"e":null,"f":null}',
    );
  });

  test('keep text as it is written, block by block', () => {
    expect(json('a: |\n  x\n  y\nb: >-\n  x\n  y\nc: "12"\nd: 2001-01-01\ne: "\\u00e9\\n"')).toBe(
      '{"a":"x\\ny\\n","b":"x y","c":"12","d":"2001-01-01","e":"é\\n"}',
    );
  });

  test('keep the characters of a value with a tag', () => {
    expect(json('a: !!binary aGk=\nb: !foo bar\nc: !!str 12')).toBe('{"a":"aGk=","b":"bar","c":"12"}');
  });

  test('follow aliases, and take names that are no text', () => {
    expect(json('a: &x {m: 1}\nb: *x\n1: c\n__proto__: d\n"e.f": g')).toBe(
      '{"1":"c","a":{"m":1},"b":{"m":1},"__proto__":"d","e.f":"g"}',
    );
  });

  test.each([
    ['base: &b {a: 1, b: 2}\nx: {<<: *b, b: 3, c: 4}', '{"base":{"a":1,"b":2},"x":{"b":3,"c":4,"a":1}}'],
    [
      'm: &m {a: 1}\nn: &n {a: 2, b: 2}\nx:\n  <<: [*m, *n]\n  c: 3',
      '{"m":{"a":1},"n":{"a":2,"b":2},"x":{"c":3,"a":1,"b":2}}',
    ],
    ['m: &m {a: 1}\nx:\n  b: 2\n  <<: *m\n  <<: {c: 3}', '{"m":{"a":1},"x":{"b":2,"a":1,"c":3}}'],
    ['m: &m {a: 1}\nn: &n {<<: *m, b: 2}\n<<: *n', '{"m":{"a":1},"n":{"b":2,"a":1},"b":2,"a":1}'],
    ['"<<": {a: 1}', '{"<<":{"a":1}}'],
    ['m: &m {__proto__: 1}\nx: {<<: *m}', '{"m":{"__proto__":1},"x":{"__proto__":1}}'],
  ])('are taken over from other mappings by merge keys: %j', (text, expected) => {
    expect(json(text)).toBe(expected);
  });

  test.each(['<<: s3cret', '<<: [{a: 1}, s3cret]', 'a: &a [s3cret]\n<<: *a'])('are not taken over from %j', (text) => {
    expect(problem(text)).toBe('a merge key (<<) in it does not refer to a mapping');
  });

  test('are no more by merge keys than without them', () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `l${level + 1}: &l${level + 1} {<<: [*l${level}, *l${level}], k${level}: 1}`,
    );
    expect(problem(`l0: &l0 {a: 1}\n${levels.join('\n')}`)).toBe('it has more than 10000 values');
  });

  test('may have a byte order mark before them', () => {
    expect(json('\ufeffa: 1')).toBe('{"a":1}');
  });

  test.for([
    ['a: s3cret\nb: "s3cret\n', 'it is not YAML: missing char in line 3'],
    ['s3cret: 1\ns3cret: 2', 'it is not YAML: duplicate key in line 2'],
    ['a:\n  - s3cret: 1\n    x: 1\n    s3cret: 2', 'it is not YAML: duplicate key in line 4'],
    ['a: s3cret\n---\nb: s3cret', 'it is not YAML: multiple docs in line 2'],
    ['- s3cret', 'it is not a YAML mapping'],
    ['s3cret', 'it is not a YAML mapping'],
    ['', 'it is not a YAML mapping'],
    ['? [s3cret]\n: 1', 'a field name in it is a list or a mapping'],
  ] as const)('are refused in %j without quoting it', ([text, expected]) => {
    expect(problem(text)).toBe(expected);
    expect(problem(text)).not.toContain('s3cret');
  });

  test('are limited in number, however few characters name them', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const name of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      const last = String.fromCharCode(name.charCodeAt(0) - 1);
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${last}`).join(', ')}]`);
    }
    expect(problem(bomb.join('\n'))).toBe('it has more than 10000 values');
    expect(problem('a: &a {b: *a}')).not.toBe('none');
    expect(problem(`a: ${'['.repeat(50_000)}`)).not.toBe('none');
  });

  test('are read, or refused, at once, however many aliases, keys and brackets a file has', () => {
    const filled = (part: string) => part.repeat(1024 ** 2 / part.length);
    const startedMs = process.cpuUsage().user / 1000;
    expect(problem(`a: &a x\nb:\n${' - *a\n'.repeat(9_990)}`)).toBe('none');
    for (const part of [' - *a\n', 'k: v\n', '[', '{a: ', '- ', '? ', '#\n', ',', '&a ', '!!a ', '"a" ', '<<: *a\n'])
      expect(problem(`a: &a\n${filled(part)}`)).not.toBe('none');
    // In processor time, which a busy machine does not lengthen much: it was minutes.
    expect(process.cpuUsage().user / 1000 - startedMs).toBeLessThan(30_000);
  });

  test('can be taken as they are written', () => {
    const parsed = parseYamlFields('a: 0x1F\nb: yes\nc:\nd: [null]', 'failsafe');
    expect(parsed).toEqual({ fields: { a: '0x1F', b: 'yes', c: '', d: ['null'] } });
  });
});
