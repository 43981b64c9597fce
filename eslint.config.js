import tseslint from 'typescript-eslint';

/** What only src/platform may touch; everyone else is handed a Platform (ARCHITECTURE.md, "No hidden inputs"). */
const machine = [
  { name: 'setTimeout', message: 'Use platform.timers.' },
  { name: 'setInterval', message: 'Use platform.timers.' },
  { name: 'setImmediate', message: 'Use platform.timers.endOfTurn.' },
  { name: 'performance', message: 'Use platform.clock.' },
  { name: 'process', message: 'Use platform.processes.' },
];

export default tseslint.config(
  { ignores: ['dist/', 'coverage/'] },
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/platform/node/**'],
    rules: { 'no-restricted-globals': ['error', ...machine] },
  },
);
