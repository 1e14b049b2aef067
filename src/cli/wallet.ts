import { readPolicyDocument } from '../custody/policy-document.ts';
import { parseWalletId, signersOf, type Wallet } from '../domain/index.ts';
import {
  type GetStationResponse,
  OperatorServiceClient,
  type WalletState,
} from '../generated/portcullis/v1/operator.ts';
import { callOptions, callStation, printable } from './client.ts';
import { type Arguments, type Command, CommandFailed, type Output, readArguments, UsageError } from './command.ts';
import { actHelp, actOptions } from './operator-act.ts';
import { policyInForce } from './policy-in-force.ts';
import { addWallet } from './wallet-add.ts';
import { compareOn, registerOn } from './wallet-device.ts';
import { stateJson, stateLines, walletJson, walletLines } from './wallet-text.ts';
import { addOptions, createOptions } from './wallet-wish.ts';

export const wallet: Command = {
  name: 'wallet',
  summary: 'wallets: add one from devices’ keys, create one in an HSM, list them, show one, register one on a device',
  help: `Usage: portcullis wallet add ID --chain CHAIN --signer NAME [--account N | --path PATH] …
       portcullis wallet add ID --chain CHAIN --signer NAME --signer NAME … --threshold M …
       portcullis wallet add ID --chain CHAIN --signer HSM --key-id CKA_ID …
       portcullis wallet create ID --chain CHAIN --signer HSM [--signer HSM … --threshold M] …
       portcullis wallet list [--json] …
       portcullis wallet show ID [--index N] [--on-device [--signer NAME …]] [--json] …
       portcullis wallet register ID [--signer NAME …] …

  add       reads the keys from the devices, shows the wallet's first addresses on each of them, and proposes the policy that has it:
            operators sign that as any other policy. Of several keys the wallet is registered on each device first.
    --chain CHAIN      CAIP-2, one of policy's
    --signer NAME      of the station's config; several make a wallet of several keys, in this order
    --script TYPE      Bitcoin: wpkh (default), tr, sh-wpkh or pkh; several keys are wsh-sortedmulti
    --threshold M      how many of several keys sign
    --account N        which account of the standard path (default 0): m/44'/60'/N'/0/0 of Ethereum; of Bitcoin by the type of script
                       m/84'/COIN'/N', m/86'…, m/49'…, m/44'…, or m/48'/COIN'/N'/2'
    --path PATH        another path, the same on every device
    --first-nonce N    Ethereum: the nonce of the first transaction that the station may sign (default 0)
    --wait DURATION    waits so long for each device, while people connect it, unlock it, or open its app: of several on USB, one at a
                       time (default: not at all)
    --out FILE         writes the whole policy with the wallet into a new FILE, too
    --key-id CKA_ID    of an HSM, lowercase hex: a key that exists; of several signers one for each, in their order
  create    has each HSM make a key that never leaves it, tells fingerprint, address and attributes, and goes on as add does; --script
            wpkh (default) or pkh. --key-id CKA_ID: the id to be given to it (default: a random one)
  list      each wallet, whether its devices are ready, and where it stands
  show      its keys and first addresses; --index N: from that index on; --on-device: has people compare the one at that index there
  register  has a wallet of several keys registered again, as on a device that took a lost one's place

${actHelp}`,
  async run(args, output) {
    const [word, ...rest] = args;
    switch (word) {
      case 'add': {
        const options = [...actOptions, ...addOptions];
        return addWallet(readArguments(rest, { options, many: ['signer', 'key-id'], positionals: ['ID'] }), output);
      }
      case 'create': {
        const options = [...actOptions, ...createOptions];
        return addWallet(
          readArguments(rest, { options, many: ['signer', 'key-id'], positionals: ['ID'] }),
          output,
          true,
        );
      }
      case 'list':
        return list(readArguments(rest, { options: callOptions, flags: ['json'] }), output);
      case 'show': {
        const options = [...callOptions, 'index'];
        const flags = ['json', 'on-device'];
        return show(readArguments(rest, { options, many: ['signer'], flags, positionals: ['ID'] }), output);
      }
      case 'register':
        return register(readArguments(rest, { options: callOptions, many: ['signer'], positionals: ['ID'] }), output);
      default:
        throw new UsageError('expected add, create, list, show or register');
    }
  },
};

async function list(given: Arguments, output: Output): Promise<number> {
  const wallets = await walletStates(given);
  if (given.has('json')) {
    output.out(JSON.stringify(wallets.map(stateJson)));
    return 0;
  }
  for (const state of wallets) for (const line of stateLines(state)) output.out(line);
  if (wallets.length === 0) output.out('policy names no wallet');
  return 0;
}

async function show(given: Arguments, output: Output): Promise<number> {
  const [wallet, states] = await Promise.all([walletInPolicy(given), walletStates(given)]);
  const state = states.find(({ wallet: id }) => id === wallet.id);
  if (state === undefined) throw new CommandFailed(`another policy took effect meanwhile: ask again`);
  const first = parseIndex(given, wallet);
  const signers = askedSigners(given, wallet);
  if (!given.has('on-device')) {
    if (given.values('signer').length > 0) throw new UsageError('--signer goes with --on-device');
    const shown = given.has('json')
      ? [JSON.stringify(walletJson(wallet, state, first))]
      : walletLines(wallet, state, first);
    for (const line of shown) output.out(line);
    return 0;
  }
  if (given.has('json')) throw new UsageError('--json and --on-device exclude each other');
  for (const signer of signers) await compareOn(given, output, wallet, signer, { branch: 0, index: first });
  return 0;
}

async function register(given: Arguments, output: Output): Promise<number> {
  const wallet = await walletInPolicy(given);
  if (wallet.kind !== 'script' || !wallet.derives || wallet.keys.length < 2)
    throw new CommandFailed(`${wallet.id} has one key: every device knows it, and nothing is to be registered`);
  for (const signer of askedSigners(given, wallet)) await registerOn(given, output, wallet, signer);
  return 0;
}

async function walletInPolicy(given: Arguments): Promise<Wallet> {
  const id = parseWalletId(given.positionals[0] ?? '', 'ID');
  const { policy } = readPolicyDocument(await policyInForce(given));
  const found = policy.wallets.get(id);
  if (found !== undefined) return found;
  const known = [...policy.wallets.keys()].join(', ');
  throw new CommandFailed(`policy has no wallet ${id}, only ${known === '' ? 'none' : known}`);
}

/** Those that were named, or all of the wallet's. */
function askedSigners(given: Arguments, wallet: Wallet): readonly string[] {
  const own = signersOf(wallet);
  const named = given.values('signer');
  const foreign = named.find((name) => !own.includes(name));
  if (foreign !== undefined)
    throw new CommandFailed(`wallet ${wallet.id} has no key on ${printable(foreign)}, but on ${own.join(', ')}`);
  return named.length === 0 ? own : named;
}

function parseIndex(given: Arguments, wallet: Wallet): number {
  const told = given.value('index');
  if (told === undefined) return 0;
  if (wallet.kind === 'account' || !wallet.derives)
    throw new UsageError(`wallet ${wallet.id} has one address, and no --index`);
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(told))
    throw new UsageError(`--index: expected a whole number, got ${JSON.stringify(told)}`);
  return Number(told);
}

async function walletStates(given: Arguments): Promise<readonly WalletState[]> {
  const { wallets } = await callStation<OperatorServiceClient, GetStationResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) => client.getStation({}, metadata, options, answer),
  );
  return wallets;
}
