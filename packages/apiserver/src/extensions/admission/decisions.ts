/**
 * The authoriser behind `authorizer.….check()`. Expressions run without waiting: a question whose answer is not there yet stops
 * them, is put to the authoriser, and then they run once more. Each question is asked once; what checks cost bounds their number.
 */
import type { Attributes, Authoriser } from '../../chain/attributes.ts';
import type { UserInfo } from '../../registry/contract.ts';
import type { Ask, Outcome } from '../cel/library/authorizer.ts';

/** Thrown by a question without an answer. */
class Undecided extends Error {
  readonly key: string;
  readonly user: UserInfo;
  readonly attributes: Attributes;
  constructor(key: string, user: UserInfo, attributes: Attributes) {
    super('not decided yet');
    this.key = key;
    this.user = user;
    this.attributes = attributes;
  }
}

export class Decisions {
  readonly #authoriser: Authoriser;
  readonly #known = new Map<string, Outcome>();

  constructor(authoriser: Authoriser) {
    this.#authoriser = authoriser;
  }

  readonly ask: Ask = (user, attributes) => {
    const key = JSON.stringify([user, attributes]);
    const known = this.#known.get(key);
    if (known === undefined) throw new Undecided(key, user, attributes);
    return known;
  };

  /** Runs `work`, which may ask, until it has all its answers. It must do nothing that may not be done twice. */
  async run<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof Undecided)) throw error;
        this.#known.set(error.key, await this.#decide(error));
      }
    }
  }

  async #decide({ user, attributes }: Undecided): Promise<Outcome> {
    try {
      return await this.#authoriser.decide(user, attributes);
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}
