import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkWritable } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import { readTls } from '../../src/tls-files.ts';
import { newStation } from './station.ts';

describe('a station whose TLS files do not fit does not start, and says which', () => {
  it('takes what init made', async () => {
    const { tls } = loadConfig((await newStation()).config);
    expect(Object.keys(readTls(tls))).toEqual(['ca', 'cert', 'key']);
  });

  it('a key of another certificate', async () => {
    const { tls } = loadConfig((await newStation()).config);
    const other = loadConfig((await newStation()).config);
    copyFileSync(other.tls.key, tls.key);
    expect(() => readTls(tls)).toThrow(/config\.tls\.key.*is not the key of/);
  });

  it.each(['ca', 'certificate', 'key'] as const)('a bad %s', async (name) => {
    const { config, folder } = await newStation();
    const { tls } = loadConfig(config);
    const file = join(folder, 'bad.pem');
    writeFileSync(file, '-----BEGIN NOTHING-----\n');
    expect(() => readTls({ ...tls, [name]: file })).toThrow(new RegExp(`config\\.tls\\.${name}.*bad\\.pem is not`));
  });
});

describe('a database that may not be written', () => {
  it('is named before it is opened, however it is out of reach', async () => {
    const { database, file } = loadConfig((await newStation()).config);
    checkWritable(database);
    expect(() => checkWritable(join(file, 'station.db'))).toThrow(/config\.data.*station\.db may not be written/);
  });
});
