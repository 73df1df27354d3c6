import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Functions of the browser that ignore the chosen time zone. Only `lib/format` may use them. */
const zones = {
  selector:
    "CallExpression[callee.property.name=/^toLocale(String|DateString|TimeString)$/], NewExpression[callee.name='Date'][arguments.length=0]",
  message: 'Use lib/format/time, which knows the chosen zone.',
};

export default ts.config(
  { ignores: ['build/', 'node_modules/', 'test-results/', 'pictures/', 'src/lib/api/generated.d.ts'] },
  ...ts.configs.strict,
  ...svelte.configs['flat/recommended'],
  {
    languageOptions: { parserOptions: { extraFileExtensions: ['.svelte'] } },
    rules: {
      'no-restricted-syntax': ['error', zones],
      'max-lines': ['error', 400],
      'no-console': 'error',
      eqeqeq: 'error',
      // The router of this program takes plain addresses.
      'svelte/no-navigation-without-resolve': 'off',
      'svelte/no-at-html-tags': 'error',
      // Maps and sets here are never changed after they are shown.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  { files: ['scripts/**', 'tests/**'], rules: { 'no-console': 'off' } },
);
