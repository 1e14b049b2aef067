import { crypto } from 'bitcoinjs-lib';
import { describe, expect, it } from 'vitest';
import { decodeUnsigned } from '../../src/chains/bitcoin/index.ts';
import {
  bytesOf,
  type Changes,
  placeAt,
  previousOf,
  psbtOf,
  recipients,
  signaturesOf,
  txidOf,
} from '../chains/bitcoin/requests.ts';
import { regtest, seeds, tokenWalletOf, walletOf } from '../chains/bitcoin/wallets.ts';
import {
  coins,
  entry,
  firstInput,
  honest,
  nthInput,
  own,
  ownTokens,
  refuses,
  tokenTypes,
  told,
  types,
  utxo,
} from './bitcoin.ts';

describe.each(types)('B4: inputs that are not a wallet of %s’s own', (script) => {
  const wallet = own(script);
  const derivation = script === 'tr' ? '16' : '06';
  const foreign = (at: ReturnType<typeof placeAt>): Changes => ({
    input: (input, i) => {
      if (i > 0) return input;
      const previous = previousOf(at.script, 100_000n, 1, 0, false);
      const base = { txid: txidOf(previous), index: 1, sequence: 0xffff_fffd, ...at.input };
      const witnessUtxo = { amount: 100_000n, script: at.script };
      if (script === 'tr') return { ...base, witnessUtxo };
      return { ...base, nonWitnessUtxo: previous, ...(script === 'pkh' ? {} : { witnessUtxo }) };
    },
  });

  it('another account’s of the same device', () => {
    const other = walletOf({ script, chain: regtest, account: 1 });
    refuses(wallet, honest, 'input-foreign', 'which is none of the wallet', foreign(placeAt(other, 0, 3)));
  });

  it('another seed’s', () => {
    const other = walletOf(
      script === 'wsh-sortedmulti'
        ? { script, chain: regtest, seeds: [seeds.abandon, seeds.glory], threshold: 2 }
        : { script, chain: regtest, seeds: [seeds.zoo] },
    );
    const saying = script === 'wsh-sortedmulti' ? "and the wallet's at /0/3 is" : 'which is none of the wallet';
    refuses(wallet, honest, 'input-foreign', saying, foreign(placeAt(other, 0, 3)));
  });

  it('another’s script under the wallet’s own derivation', () => {
    const mine = placeAt(wallet, 0, 3);
    const saying = "and the wallet's at /0/3 is";
    refuses(wallet, honest, 'input-foreign', saying, foreign({ ...mine, script: recipients.wpkh }));
  });

  it('the wallet’s own script at another place than it says', () => {
    const saying = "and the wallet's at /0/4 is";
    refuses(
      wallet,
      honest,
      'input-foreign',
      saying,
      foreign({ ...placeAt(wallet, 0, 4), script: placeAt(wallet, 0, 3).script }),
    );
  });

  it('one without a derivation', () => {
    refuses(wallet, honest, 'input-foreign', 'it names no key of the wallet', {
      maps: (maps) => {
        maps[1] = maps[1]?.filter(([key]) => !key.startsWith(derivation)) ?? [];
      },
    });
  });

  it('one whose key is not what its origin derives', () => {
    const other = placeAt(wallet, 0, 5).input;
    const [named] = other.bip32Derivation ?? other.tapBip32Derivation ?? [];
    const key = Buffer.from(named?.[0] ?? []).toString('hex');
    refuses(wallet, honest, 'input-foreign', 'is said to be', {
      maps: (maps) => {
        maps[1] =
          maps[1]?.map(([name, value], i, all) => {
            const first = all.findIndex(([one]) => one.startsWith(derivation));
            return [i === first ? `${derivation}${key}` : name, value];
          }) ?? [];
      },
    });
  });

  it('one with a key too many, of somebody else', () => {
    const stranger = walletOf({ script, chain: regtest, account: 2 });
    const { input } = placeAt(stranger, 0, 3);
    const extra = (input.bip32Derivation ?? input.tapBip32Derivation ?? []).slice(0, 1);
    const changes = firstInput((mine) => ({
      ...mine,
      ...(script === 'tr'
        ? { tapBip32Derivation: [...(mine.tapBip32Derivation ?? []), ...extra] }
        : { bip32Derivation: [...(mine.bip32Derivation ?? []), ...extra] }),
    }));
    refuses(wallet, honest, 'input-foreign', 'Input 0 is not proven to be the wallet', changes);
  });

  it('one that lies on a branch which the descriptor doesn’t have', () => {
    for (const steps of ['02000000', '00000080', '01000080']) {
      refuses(wallet, honest, 'input-foreign', 'which is none of the wallet', {
        maps: (maps) => {
          const entries = maps[1] ?? [];
          const one = entries.find(([key]) => key.startsWith(derivation));
          if (one === undefined) throw new Error('no derivation');
          const at = one[1].length - 8;
          one[1] = Uint8Array.of(...one[1].slice(0, at), ...bytesOf(steps), ...one[1].slice(at + 4));
        },
      });
    }
    // A hardened index is none that a public key derives.
    refuses(wallet, honest, 'input-foreign', 'which is none of the wallet', {
      maps: (maps) => {
        const one = maps[1]?.find(([key]) => key.startsWith(derivation));
        if (one === undefined) throw new Error('no derivation');
        one[1] = one[1].with(one[1].length - 1, 0x80);
      },
    });
  });

  it('signatures and final scripts that are there already', () => {
    const result = told(wallet, honest);
    if (!result.ok) throw new Error(result.message);
    const [made] = signaturesOf(result.transaction.psbt ?? new Uint8Array(), wallet, coins, 'device-1');
    if (made === undefined) throw new Error('nothing is signed');
    const key = Buffer.from(made.key).toString('hex');
    const signed: readonly [string, Uint8Array][] =
      script === 'tr'
        ? [
            ['13', made.signature],
            [`14${key}${'00'.repeat(32)}`, made.signature],
          ]
        : [[`02${key}`, made.signature]];
    const filled: readonly [string, Uint8Array][] = [
      ...signed,
      ['07', Uint8Array.of(1, 1)],
      ['08', Uint8Array.of(1, 1, 1)],
      ['07', new Uint8Array()],
    ];
    for (const [name, value] of filled)
      refuses(
        wallet,
        honest,
        'transaction-signed-already',
        'Input 0 carries a signature already',
        entry(1, name, value),
      );
    const [name, value] = filled[0] ?? ['', new Uint8Array()];
    refuses(wallet, honest, 'transaction-signed-already', 'Input 1 carries a signature already', entry(2, name, value));
  });

  it('scripts beside the wallet’s own', () => {
    const code = Uint8Array.of(0x51);
    const said = script === 'sh-wpkh' ? "its redeem script is 51, and the wallet's is" : 'its redeem script is 51';
    refuses(wallet, honest, 'input-foreign', said, entry(1, '04', code));
    refuses(wallet, honest, 'input-foreign', 'its witness script is 51', entry(1, '05', code));
    refuses(
      wallet,
      honest,
      'input-foreign',
      `its internal key is ${'07'.repeat(32)}`,
      entry(1, '17', new Uint8Array(32).fill(7)),
    );
  });

  it('keys named in the manner of another script type', () => {
    const key = `${'02'}${'ab'.repeat(32)}`;
    const origin = bytesOf('0102030400000000');
    const changes =
      script === 'tr' ? entry(1, `06${key}`, origin) : entry(1, `16${'ab'.repeat(32)}`, Uint8Array.of(0, ...origin));
    refuses(wallet, honest, 'input-foreign', 'it names keys as', changes);
  });

  // Of taproot alone can a key be named so (BIP-371).
  if (script === 'tr') {
    it('a key that is named for a script path', () => {
      refuses(wallet, honest, 'input-foreign', 'is said to be', {
        maps: (maps) => {
          const one = maps[1]?.find(([key]) => key.startsWith('16'));
          if (one === undefined) throw new Error('no derivation');
          one[1] = Uint8Array.of(1, ...new Uint8Array(32), ...one[1].slice(1));
        },
      });
    });
  }

  it('one input twice', () => {
    const [first] = coins;
    if (first === undefined) throw new Error('no coin');
    const previous = previousOf(placeAt(wallet, 0, 3).script, 100_000n, 1, 0, false);
    refuses(wallet, { ...honest, coins: [...coins, first] }, 'transaction-undecodable', 'inputs 0 and 2 both spend', {
      ...nthInput(2, () => ({ txid: txidOf(previous), nonWitnessUtxo: undefined })),
      ...entry(3, '01', utxo(100_000n, placeAt(wallet, 0, 3).script)),
    });
  });
});

it('B4: a multisig input whose keys are said to lie at different places', () => {
  const wallet = own('wsh-sortedmulti');
  refuses(wallet, honest, 'input-foreign', 'its keys lie at /0/3 and at /0/4', {
    maps: (maps) => {
      const last = maps[1]?.findLast(([key]) => key.startsWith('06'));
      if (last === undefined) throw new Error('no derivation');
      last[1] = last[1].with(last[1].length - 4, 4);
    },
  });
});

describe.each(tokenTypes)('B4: inputs that are not a wallet’s of tokens’ keys, %s', (script) => {
  const wallet = ownTokens(script);
  const [{ publicKey } = { publicKey: '' }] = wallet.keys;
  /** As Bitcoin Core gives a key that has no origin: its own fingerprint, and no steps. */
  const fingerprint = Buffer.from(crypto.hash160(bytesOf(publicKey))).toString('hex', 0, 4);
  const twin = tokenWalletOf(
    script === 'wsh-sortedmulti'
      ? { script, chain: regtest, threshold: 1 }
      : { script: script === 'pkh' ? 'wpkh' : 'pkh', chain: regtest },
  );
  const mixed =
    script === 'wsh-sortedmulti'
      ? tokenWalletOf({ script, chain: regtest, keys: [0, 1, 3] })
      : tokenWalletOf({ script: 'wsh-sortedmulti', chain: regtest, keys: [0, 3], threshold: 1 });
  const spending = (at: ReturnType<typeof placeAt>): Changes => ({
    input: (input, i) => {
      if (i > 0) return input;
      const previous = previousOf(at.script, 100_000n, 1, 0, false);
      return { txid: txidOf(previous), index: 1, sequence: 0xffff_fffd, ...at.input, nonWitnessUtxo: previous };
    },
  });

  it('another token’s', () => {
    const other = tokenWalletOf({ script, chain: regtest, keys: script === 'wsh-sortedmulti' ? [1, 2, 3] : [3] });
    refuses(wallet, honest, 'input-foreign', "and the wallet's at /0/0 is", spending(placeAt(other, 0, 0)));
  });

  it('its keys’ in another script: a twin', () => {
    refuses(wallet, honest, 'input-foreign', "and the wallet's at /0/0 is", spending(placeAt(twin, 0, 0)));
  });

  it('one of which it holds some keys only', () => {
    refuses(wallet, honest, 'input-foreign', "and the wallet's at /0/0 is", spending(placeAt(mixed, 0, 0)));
    // Under the wallet's own script, too.
    const { witnessScript } = placeAt(mixed, 0, 0).input;
    refuses(
      wallet,
      honest,
      'input-foreign',
      `its witness script is`,
      entry(1, '05', witnessScript ?? new Uint8Array()),
    );
  });

  it('one beside its own: all of a transaction’s inputs are the wallet’s, or nothing is signed', () => {
    const other = placeAt(twin, 0, 0);
    refuses(wallet, honest, 'input-foreign', 'Input 1 is not proven', {
      input: (input, i) => {
        if (i === 0) return input;
        const previous = previousOf(other.script, 50_000n, 0, 1, false);
        return { txid: txidOf(previous), index: 0, sequence: 0xffff_fffd, ...other.input, nonWitnessUtxo: previous };
      },
    });
  });

  it('a key that is named is its own, and comes from nowhere', () => {
    const named = (key: string, origin: string): Changes => entry(1, `06${key}`, bytesOf(origin));
    expect(told(wallet, honest, named(publicKey, fingerprint))).toEqual(told(wallet, honest));
    const other = tokenWalletOf({ script: 'wpkh', chain: regtest, keys: [3] }).keys[0]?.publicKey ?? '';
    const foreign = 'which is none of the wallet';
    refuses(wallet, honest, 'input-foreign', 'is said to be', named(other, fingerprint));
    refuses(wallet, honest, 'input-foreign', foreign, named(publicKey, 'f5acc2fd'));
    refuses(wallet, honest, 'input-foreign', foreign, named(publicKey, '00000000'));
    refuses(wallet, honest, 'input-foreign', foreign, named(publicKey, `${fingerprint}00000000`));
    refuses(wallet, honest, 'input-foreign', foreign, named(publicKey, `${fingerprint}5400008000000080`));
  });

  it('keys named in the manner of taproot', () => {
    const value = Uint8Array.of(0, ...bytesOf(fingerprint));
    refuses(wallet, honest, 'input-foreign', 'it names keys as a taproot', entry(1, `16${publicKey.slice(2)}`, value));
  });

  it('signatures that are there already', () => {
    const signature = bytesOf('300602010102010101');
    refuses(wallet, honest, 'transaction-signed-already', 'Input 0', entry(1, `02${publicKey}`, signature));
  });
});

describe('B4: maps that say more than is understood', () => {
  const wallet = own('wpkh');
  const places = { 'the global map': 0, 'input 0': 1, 'input 1': 2, 'output 0': 3, 'output 1': 4 };

  describe.each(Object.entries(places))('%s', (place, map) => {
    it('an unknown key', () => {
      refuses(
        wallet,
        honest,
        'transaction-undecodable',
        `key f001 of ${place} is unknown`,
        entry(map, 'f001', Uint8Array.of(1)),
      );
    });

    it('a proprietary key', () => {
      const key = `fc${'04'}${Buffer.from('test').toString('hex')}00`;
      refuses(
        wallet,
        honest,
        'transaction-undecodable',
        `key ${key} of ${place} is unknown, proprietary`,
        entry(map, key, Uint8Array.of(1)),
      );
    });

    it('a key twice', () => {
      for (const at of [0, -1]) {
        refuses(wallet, honest, 'transaction-undecodable', ' twice', {
          maps: (maps) => {
            const entries = maps[map] ?? [];
            if (entries.length === 0) entries.push([`02${'02'.repeat(33)}`, bytesOf('01020304')]);
            const one = entries.at(at);
            if (one !== undefined) entries.push(one);
          },
        });
      }
    });

    it('more entries than a map of a transaction has', () => {
      refuses(wallet, honest, 'transaction-undecodable', `${place} has more than 64 entries`, {
        maps: (maps) => {
          for (let i = 0; i < 65; i++) maps[map]?.push([`f0${i.toString(16).padStart(4, '0')}`, new Uint8Array()]);
        },
      });
    });
  });

  it('fields that a wallet of the station has none of', () => {
    const script = Uint8Array.of(0x51, 0xc0);
    for (const [key, value] of [
      ['09', Uint8Array.of(1)],
      [`15c0${'00'.repeat(32)}`, script],
      ['18', new Uint8Array(32)],
    ] as const)
      refuses(wallet, honest, 'transaction-undecodable', `key ${key} of input 0 is unknown`, entry(1, key, value));
  });

  it('a map too many, one too few, and bytes behind the end', () => {
    refuses(wallet, honest, 'transaction-undecodable', '1 bytes after the end', { maps: (maps) => void maps.push([]) });
    refuses(wallet, honest, 'transaction-undecodable', 'cannot be decoded whole', { maps: (maps) => void maps.pop() });
    const bytes = psbtOf(wallet, honest);
    expect(decodeUnsigned(Uint8Array.of(...bytes, 7), wallet)).toMatchObject({ reason: 'transaction-undecodable' });
  });
});
