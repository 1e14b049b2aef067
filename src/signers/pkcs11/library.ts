import { createRequire } from 'node:module';
import type * as Pkcs11js from 'pkcs11js';
import { failureOf, TokenFailure } from './failure.ts';

const require = createRequire(import.meta.url);

/** The package as Node loads it: CommonJS around a binary that is compiled by a step of its own (`npm run pkcs11`). */
export type Library = typeof Pkcs11js;
export type Module = Pkcs11js.PKCS11;
export type Handle = Buffer;

function loadPackage(): Library {
  try {
    return require('pkcs11js') as Library;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    throw new TokenFailure('signer-failed', `pkcs11js is not compiled here, run npm run pkcs11 (${why})`);
  }
}

/** Loads a vendor's module into this process. Only a signer's child does (design §5). Throws `TokenFailure`. */
export function loadModule(path: string): { readonly library: Library; readonly module: Module } {
  const library = loadPackage();
  const module = new library.PKCS11();
  try {
    module.load(path);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new TokenFailure('signer-failed', `the module ${path} does not load: ${why}`);
  }
  return { library, module };
}

/**
 * C_CreateObject. pkcs11js wraps what that throws in nothing: an error of `CKR_DEVICE_MEMORY:49`, where all other functions throw a
 * `Pkcs11Error`.
 */
export function createObject(library: Library, module: Module, session: Handle, template: Pkcs11js.Template): Handle {
  try {
    return module.C_CreateObject(session, template);
  } catch (error) {
    if (error instanceof Error && /^CKR_[A-Z0-9_]+:\d+$/.test(error.message))
      throw new library.Pkcs11Error(error.message, Number(error.message.split(':')[1]), 'C_CreateObject');
    throw error;
  }
}

/** Has a loaded module look for its tokens. Throws `TokenFailure`. */
export function initialize(library: Library, module: Module): void {
  try {
    module.C_Initialize({ flags: library.CKF_OS_LOCKING_OK });
  } catch (error) {
    // It would not be finalized, and works all the same.
    if (error instanceof Error && error.message === 'CKR_CRYPTOKI_ALREADY_INITIALIZED') return;
    throw failureOf(error, 'initializing the module');
  }
}
