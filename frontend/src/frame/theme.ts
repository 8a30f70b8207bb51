/** The look: one calm green, clear words, no decoration; dark for the wall. */
import { theme, type ThemeConfig } from "antd";

const FONT =
  '-apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Segoe UI", Roboto, sans-serif';

/** Colours of the two halves of the tally, and of what is written on paper. */
export const INK = { jade: "#0f766e", amber: "#b45309", red: "#b91c1c", grey: "#64748b" } as const;

export function look(dark: boolean): ThemeConfig {
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    cssVar: { key: "hefu" },
    token: {
      colorPrimary: INK.jade,
      colorInfo: INK.jade,
      colorLink: INK.jade,
      colorLinkHover: "#14b8a6",
      borderRadius: 6,
      fontFamily: FONT,
      // Words that can be read in a bright office: at least 4.5 to 1 on every ground that they stand on.
      ...(dark
        ? {}
        : {
            colorBgLayout: "#f6f7f6",
            colorSuccess: "#15803d",
            colorWarning: "#a14a05",
            colorError: "#b91c1c",
            colorSuccessBg: "#ecfdf3",
            colorWarningBg: "#fff8eb",
            colorErrorBg: "#fef2f2",
            colorInfoBg: "#eef8f6",
            colorPrimaryBg: "#e3f1ee",
            colorTextSecondary: "#475569",
            colorTextTertiary: "#566173",
            colorTextDescription: "#566173",
            colorTextPlaceholder: "#667085",
          }),
    },
    components: {
      Layout: dark ? {} : { headerBg: "#ffffff", siderBg: "#ffffff" },
      Menu: { itemBorderRadius: 6, ...(dark ? {} : { itemSelectedBg: "#e3f1ee", groupTitleColor: "#566173" }) },
      Table: { headerBorderRadius: 6, ...(dark ? {} : { colorTextDisabled: "#566173" }) }, // what an empty one says
    },
  };
}
