/**
 * Whether this is a *campaign*: what takes long and adds little to what runs every time is looked at only then (`npm run campaign`, which
 * runs all the tests, and these as well).
 */
export const CAMPAIGN = process.env.SOCKREF_CAMPAIGN === '1';

/** So many random cases every time, and so many in a campaign. */
export function often(usual: number, campaign: number): number {
  return CAMPAIGN ? campaign : usual;
}

/** All of a list in a campaign, and else those that are said to be enough. */
export function enough<T>(list: readonly T[], usual: (each: T) => boolean): readonly T[] {
  return CAMPAIGN ? list : list.filter(usual);
}
