import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

const noTauri = {
  group: ["@tauri-apps/*"],
  message: "Only src/platform may know the desktop window; use usePlatform or platform.",
};
const noDeepFeature = {
  group: ["@/features/*/*", "../../*/[a-z]*"],
  message: "Another feature is used through its index.ts only.",
};

export default ts.config(
  { ignores: ["dist", "node_modules", "src/api/schema.gen.ts", "public"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  a11y.flatConfigs.recommended,
  hooks.configs.flat["recommended-latest"],
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-restricted-imports": ["error", { patterns: [noTauri, noDeepFeature] }],
      "no-restricted-syntax": [
        "error",
        { selector: "MemberExpression[object.name='window'][property.name='fetch']", message: "Go through src/api." },
      ],
      // The library renders real labels and tables; these two rules cannot see through its components.
      "jsx-a11y/no-autofocus": "off",
      "react-hooks/incompatible-library": "off",
    },
  },
  {
    files: ["src/platform/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [noDeepFeature] }], "no-restricted-syntax": "off" },
  },
  {
    // A page in its own feature folder may reach its own files; the table of routes reaches only indexes.
    files: ["dev/**", "*.config.*"],
    languageOptions: { globals: { process: "readonly" } },
  },
);
