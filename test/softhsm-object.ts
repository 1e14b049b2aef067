import { createECDH } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Pkcs11js from 'pkcs11js';
import type { OddKey } from './softhsm.ts';

// Puts a key into a token as pkcs11-tool can't: told on stdin, in a process of its own, as a module is loaded into none of ours. Prints
// the public key, compressed, hex.

const p: typeof Pkcs11js = createRequire(import.meta.url)('pkcs11js');
const told: OddKey & { module: string; label: string; pin: string } = JSON.parse(readFileSync(0, 'utf8'));
const { sign = true, sensitive = true, extractable = false, rawPoint = false, publicKeys = 1, privateKeys = 1 } = told;

const pair = createECDH('secp256k1');
const point = pair.generateKeys();
const common = [
  { type: p.CKA_KEY_TYPE, value: p.CKK_EC },
  { type: p.CKA_TOKEN, value: true },
  { type: p.CKA_ID, value: Buffer.from(told.id, 'hex') },
  { type: p.CKA_EC_PARAMS, value: Buffer.from('06052b8104000a', 'hex') },
];

const module = new p.PKCS11();
module.load(told.module);
module.C_Initialize();
const slot = module.C_GetSlotList(true).find((one) => module.C_GetTokenInfo(one).label.trimEnd() === told.label);
if (slot === undefined) throw new Error(`no token ${told.label}`);
const session = module.C_OpenSession(slot, p.CKF_SERIAL_SESSION | p.CKF_RW_SESSION);
module.C_Login(session, p.CKU_USER, told.pin);
for (let i = 0; i < privateKeys; i++)
  module.C_CreateObject(session, [
    ...common,
    { type: p.CKA_CLASS, value: p.CKO_PRIVATE_KEY },
    { type: p.CKA_PRIVATE, value: true },
    { type: p.CKA_SIGN, value: sign },
    { type: p.CKA_SENSITIVE, value: sensitive },
    { type: p.CKA_EXTRACTABLE, value: extractable },
    { type: p.CKA_VALUE, value: pair.getPrivateKey() },
  ]);
for (let i = 0; i < publicKeys; i++)
  module.C_CreateObject(session, [
    ...common,
    { type: p.CKA_CLASS, value: p.CKO_PUBLIC_KEY },
    { type: p.CKA_EC_POINT, value: rawPoint ? point : Buffer.concat([Buffer.from([0x04, 0x41]), point]) },
  ]);
module.C_Finalize();
process.stdout.write(pair.getPublicKey('hex', 'compressed'));
