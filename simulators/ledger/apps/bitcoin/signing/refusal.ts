import { StatusError, type StatusWord, status } from '../../../os/status.ts';

/** What the app tells the host of a PSBT that it won't sign: two bytes before the status word. Most refusals have none. */
export const reason = {
  policyNotRegistered: 0x00,
  defaultPolicyWithName: 0x01,
  noOwnKey: 0x02,
  noPreviousOutput: 0x03,
  wrongPreviousTransaction: 0x04,
  previousOutputsDiffer: 0x05,
  notForLegacy: 0x06,
  noWitnessUtxo: 0x07,
  singleWithoutOutput: 0x08,
  tooMuchChange: 0x09,
  wrongWitnessScript: 0x0a,
  wrongRedeemScript: 0x0b,
  tooManyOwnKeys: 0x0c,
} as const;

type Reason = (typeof reason)[keyof typeof reason];

/** 6a80: the PSBT is wrong. */
export const wrongPsbt = (why: string, code?: Reason): StatusError => refusal(status.incorrectData, why, code);

/** 6a82: the PSBT may be right, but the app doesn't do this. */
export const unsupported = (why: string, code?: Reason): StatusError => refusal(status.notSupported, why, code);

const refusal = (word: StatusWord, why: string, code?: Reason): StatusError =>
  new StatusError(word, why, code === undefined ? undefined : Uint8Array.of(code >> 8, code));
