/** A map of bounded size that forgets what was asked for least recently. */
export interface Recent<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
}

export function createRecent<T>(max: number): Recent<T> {
  const map = new Map<string, T>();
  const set = (key: string, value: T): void => {
    map.delete(key);
    map.set(key, value);
    if (map.size > max) map.delete(map.keys().next().value ?? '');
  };
  return {
    set,
    get(key) {
      const value = map.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
  };
}
