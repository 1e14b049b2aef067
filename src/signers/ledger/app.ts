/** The app that signs for Ethereum, by the name that `B0 01` gives. */
export const appName = 'Ethereum';

/** Two ways around its refusal of blind signing were closed in this version. */
export const minimumVersion = '1.22.0';

/** Compares `major.minor.patch`; a version of any other form, a pre-release among them, is not new enough. */
export function isRecent(version: string, minimum: string = minimumVersion): boolean {
  const given = numbers(version);
  const wanted = numbers(minimum);
  if (given === undefined || wanted === undefined) return false;
  for (const [i, least] of wanted.entries()) {
    const number = given[i] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}

function numbers(version: string): readonly number[] | undefined {
  return /^(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d{0,5})){2}$/.test(version) ? version.split('.').map(Number) : undefined;
}
