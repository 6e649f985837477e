/**
 * Whether this is a *campaign*: what takes long and adds little to what runs every time is looked at only then (`npm run campaign`, which
 * runs all the tests, and these as well).
 */
export const CAMPAIGN = process.env.SOCKREF_CAMPAIGN === '1';

/** All of a list in a campaign, and else those that are said to be enough. */
export function enough<T>(list: readonly T[], usual: (each: T) => boolean): readonly T[] {
  return CAMPAIGN ? list : list.filter(usual);
}
