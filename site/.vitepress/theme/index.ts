/** The theme of VitePress with the colours of the gallery. */

import DefaultTheme from "vitepress/theme";
import "./style.css";

export default DefaultTheme;
