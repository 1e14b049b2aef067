import { serializeTransaction } from 'viem';
import { describe, expect, it } from 'vitest';
import { parseEthereumPath } from '../../../src/signers/ledger/path.ts';
import { sign } from '../../../src/signers/ledger/sign.ts';
import { libraryError, type Script, scriptedHandle } from './scripted-handle.ts';
import { testPath } from './wallet.ts';

const path = parseEthereumPath(testPath, 'path');
const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
/** Recorded: a transfer on chain 1, and what the real app 1.22.0 signs with the test key. */
const transfer = '02ef0107843b9aca008506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c8872bdc545d58750080c0';
const signature = `00${'a21d7a42951a8cff7810fdda18c9c7c95a63b2144d1a7e86a40cc29fd1c7e15c'}${'7c4e9bfbf808a97ab797ef2a647fd3497367c26bf1866c547043d1f60b1359c8'}`;
/** A legacy one on chain 1 (EIP-155), for which the client computes v from the device's byte. */
const legacy = serializeTransaction({
  type: 'legacy',
  chainId: 1,
  nonce: 7,
  gas: 21_000n,
  gasPrice: 1n,
  to,
  value: 1n,
}).slice(2);
/** Two parts of a signature's command. */
const long = serializeTransaction({
  type: 'eip1559',
  chainId: 1,
  nonce: 7,
  gas: 90_000n,
  to,
  data: `0x${'5a'.repeat(300)}`,
}).slice(2);

const ask = (script: Script, unsigned = transfer, tokenDescriptors: readonly string[] = []) => {
  const handle = scriptedHandle(script);
  return { handle, asked: sign(handle, path, { op: 'sign', app: 'Ethereum', path, unsigned, tokenDescriptors }) };
};
const failing = (reason: string) => expect.objectContaining({ name: 'DeviceFailure', reason });

describe('a signature', () => {
  it('is the 65 bytes that the device answered', async () => {
    const { handle, asked } = ask(() => `${signature}9000`);
    expect(await asked).toEqual({ result: 'signature', signature });
    expect(handle.commands).toEqual([`e004000046058000002c8000003c80000000000000000000000002ef01${transfer.slice(6)}`]);
  });

  it.each([
    ['a bare 9000, which means “send more”', transfer, ''],
    ['64 bytes, which the client fills with a byte of the status word', transfer, signature.slice(0, -2)],
    ['r and s without v', transfer, signature.slice(2)],
    ['66 bytes', transfer, `${signature}00`],
    ['one byte', transfer, '00'],
    ['a bare 9000 for a legacy transaction', legacy, ''],
    ['64 bytes for a legacy transaction', legacy, `25${signature.slice(2, -2)}`],
    ['a v that is not of the chain', legacy, `1b${signature.slice(2)}`],
  ])('is wrong where the device answers %s', async (_, unsigned, answer) => {
    await expect(ask(() => `${answer}9000`, unsigned).asked).rejects.toEqual(failing('signature-wrong'));
  });

  it.each(['', '90'])('is wrong where the device answers less than a status word (%j)', async (answer) => {
    await expect(ask(() => answer).asked).rejects.toEqual(failing('signature-wrong'));
  });

  it('of a legacy transaction has the byte of the device for v', async () => {
    const answer = `25${signature.slice(2)}`;
    expect(await ask(() => `${answer}9000`, legacy).asked).toEqual({ result: 'signature', signature: answer });
  });

  it('comes after the last part of a long transaction only', async () => {
    const { handle, asked } = ask(
      (apdu) => (apdu.startsWith('e00480') && apdu.length < 500 ? `${signature}9000` : '9000'),
      long,
    );
    expect(await asked).toEqual({ result: 'signature', signature });
    expect(handle.commands).toHaveLength(2);
  });
});

describe('F3: a device that fails', () => {
  it.each([
    ['6985', 'device-refused'],
    ['5501', 'device-refused'],
    ['6a80', 'device-cannot-show'],
    ['6501', 'device-cannot-show'],
    ['5515', 'device-locked'],
    ['6e00', 'device-wrong-app'],
    ['6f00', 'signer-failed'],
  ])('with %s is %s', async (word, reason) => {
    await expect(ask(() => word).asked).rejects.toEqual(failing(reason));
  });

  it('is lost where it goes away with the transaction', async () => {
    const script = () => Promise.reject(libraryError('DisconnectedDevice'));
    await expect(ask(script).asked).rejects.toEqual(failing('device-lost'));
  });

  it('is lost, and not wrong, where it goes away after the first of several parts', async () => {
    const script: Script = (apdu) =>
      apdu.startsWith('e00400') ? '9000' : Promise.reject(libraryError('DisconnectedDeviceDuringOperation'));
    await expect(ask(script, long).asked).rejects.toEqual(failing('device-lost'));
  });

  it('is missing where it goes away before a byte of the transaction went out', async () => {
    const script = () => Promise.reject(libraryError('DisconnectedDevice'));
    const { handle, asked } = ask(script, transfer, ['0455534454']);
    await expect(asked).rejects.toEqual(failing('device-missing'));
    expect(handle.commands).toEqual(['e00a0000050455534454']);
  });

  it('cannot show a token whose description it refuses, and is sent nothing more', async () => {
    const { handle, asked } = ask(() => '6a80', transfer, ['0455534454']);
    await expect(asked).rejects.toEqual(failing('device-cannot-show'));
    expect(handle.commands).toHaveLength(1);
  });
});

it('tokens are described before the transaction, in their order', async () => {
  const { handle, asked } = ask((apdu) => (apdu.startsWith('e004') ? `${signature}9000` : '009000'), transfer, [
    'aa',
    'bbcc',
  ]);
  await asked;
  expect(handle.commands.map((command) => command.slice(0, 16))).toEqual([
    'e00a000001aa',
    'e00a000002bbcc',
    'e004000046058000',
  ]);
});

it('I8: nothing is fetched: a token without a description goes to the device as it is', async () => {
  const token = `02f86d0107843b9aca008506fc23ac0082fde894dac17f958d2ee523a2206206994597c13d831ec780b844a9059cbb${'00'.repeat(12)}70997970c51812dc3a010c7d01b50e0d17dc79c8${'00'.repeat(31)}01c0`;
  const { handle, asked } = ask(() => '6a80', token);
  await expect(asked).rejects.toEqual(failing('device-cannot-show'));
  expect(handle.commands).toHaveLength(1);
});
