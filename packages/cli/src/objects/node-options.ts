/** Labels and taints as they are written on a command line. Pure. */

export interface WrittenTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

const parts = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** `key=value,key=value`. Throws for a part without a key. */
export function parseLabels(text: string): Record<string, string> {
  return Object.fromEntries(
    parts(text).map((part) => {
      const [, key, value] = /^([^=]+)=(.*)$/.exec(part) ?? [];
      if (key === undefined || value === undefined)
        throw new Error(`${JSON.stringify(part)} is no label: write key=value`);
      return [key, value];
    }),
  );
}

/** `key=value:Effect,key:Effect`. Throws for anything else. */
export function parseTaints(text: string): WrittenTaint[] {
  return parts(text).map((part) => {
    const [, key, , value, effect] = /^([^=:]+)(=([^:]*))?:(\w+)$/.exec(part) ?? [];
    if (key === undefined || (effect !== 'NoSchedule' && effect !== 'PreferNoSchedule' && effect !== 'NoExecute'))
      throw new Error(
        `${JSON.stringify(part)} is no taint: write key=value:Effect with NoSchedule, PreferNoSchedule or NoExecute`,
      );
    return { key, ...(value === undefined || value === '' ? {} : { value }), effect };
  });
}
