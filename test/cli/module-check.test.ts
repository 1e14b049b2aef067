import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkModule } from '../../src/cli/module-check.ts';
import { emptyFolder } from './station.ts';

describe('S8: doctor, of a vendor’s module', () => {
  const made = (): { folder: string; lib: string; module: string } => {
    const folder = emptyFolder();
    const lib = join(folder, 'lib');
    const module = join(lib, 'module.so');
    mkdirSync(lib, { mode: 0o755 });
    writeFileSync(module, '', { mode: 0o644 });
    return { folder, lib, module };
  };
  const found = (module: string): string | undefined => checkModule('signer hsm', module)?.found;

  it('finds nothing where only its owner may write it and what leads to it', () => {
    expect(found(made().module)).toBeUndefined();
  });

  it.each([0o664, 0o646])('names it where others may write it: %o', (mode) => {
    const { module } = made();
    chmodSync(module, mode);
    expect(found(module)).toContain(`others may write ${module} (mode 0${mode.toString(8)})`);
  });

  it('names a folder in which others may put another in its place, but for one that is sticky', () => {
    const { folder, lib, module } = made();
    chmodSync(lib, 0o775);
    expect(found(module)).toContain(`others may write ${lib} (mode 0775)`);
    chmodSync(lib, 0o1777);
    expect(found(module)).toBeUndefined();
    chmodSync(folder, 0o777);
    expect(found(module)).toContain(`others may write ${folder} (mode 0777)`);
  });

  it('looks at what a link leads to, and says where that is nothing', () => {
    const { folder, module } = made();
    const link = join(folder, 'link.so');
    symlinkSync(module, link);
    chmodSync(module, 0o666);
    expect(found(link)).toContain(`others may write ${module}`);
    expect(found(join(folder, 'none.so'))).toContain('cannot be found');
  });
});
