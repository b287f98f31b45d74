/** Primitives: no router, no queries, no words of the domain. */
export { Button, Hint } from "./Button";
export { Checks, ComboBox, Radios, Select, SuggestBox, TextField, type Option } from "./fields";
export { Form } from "./Form";
export { Icon, Mark, type IconName } from "./Icon";
export { Dialog, MenuButton, Sheet, Tabs, toast, Toasts, type MenuChoice, type TabDef } from "./overlays";
export { Chip, Code, CopyButton, Empty, Meter, Notice, Progress, Skeleton, Sparkline, type Tone } from "./parts";
