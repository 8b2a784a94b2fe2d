/**
 * Breaks one module on its way into Node: `node --import ./tools/mutate.js …` with CASTELLAN_MUTANT set to
 * `{"url": …, "find": …, "replace": …}`. The file on the disk stays as it is.
 */
import { registerHooks } from 'node:module';
import process from 'node:process';

const mutant = process.env.CASTELLAN_MUTANT === undefined ? undefined : JSON.parse(process.env.CASTELLAN_MUTANT);

if (mutant !== undefined) {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== mutant.url) return loaded;
      const text = String(loaded.source);
      if (text.split(mutant.find).length !== 2) throw new Error('the mutant does not fit its file');
      return { ...loaded, source: text.replace(mutant.find, () => mutant.replace) };
    },
  });
}
