/** What stands around every screen: the menu by task, who is signed in, the language, the light. */
import { GlobalOutlined, IdcardOutlined, LogoutOutlined, MoonOutlined, SunOutlined, UserOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Badge, Button, Dropdown, Flex, Layout, Menu, type MenuProps, Spin, Typography } from "antd";
import { type ReactNode, Suspense, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, Outlet, useLocation } from "react-router";
import { api } from "../api/client";
import { listen } from "../api/live";
import { useStanding } from "../api/standing";
import { speak } from "../words";
import { Mark } from "./Mark";
import { PLACES } from "./screens";
import { useMay, useMe } from "./session";

export function Frame({ dark, turn }: { dark: boolean; turn: () => void }) {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const questions = useQueryClient();
  useEffect(() => listen(questions), [questions]);

  const leave = async () => {
    await api.DELETE("/api/v1/session");
    await questions.resetQueries({ queryKey: ["me"] });
  };

  return (
    <Layout style={{ minHeight: "100vh" }}>
      <Layout.Sider width={208} breakpoint="lg" collapsedWidth={56} theme={dark ? "dark" : "light"}>
        <Link to="/" aria-label="Hefu 合符">
          <Mark />
        </Link>
        <Tasks />
      </Layout.Sider>
      <Layout>
        <Layout.Header style={{ paddingInline: 24, height: 52, lineHeight: "52px" }}>
          <Flex justify="end" align="center" gap={4}>
            <Button
              type="text"
              icon={<GlobalOutlined />}
              onClick={() => void speak(i18n.language === "zh" ? "en" : "zh")}
            >
              {t("frame.other_language")}
            </Button>
            <Button
              type="text"
              aria-label={t("frame.light")}
              icon={dark ? <SunOutlined /> : <MoonOutlined />}
              onClick={turn}
            />
            <Dropdown
              trigger={["click"]}
              menu={{
                items: [
                  { key: "roles", disabled: true, label: me.roles.map((one) => one.role).join(", ") || me.kind },
                  { key: "profile", icon: <IdcardOutlined />, label: <Link to="/profile">{t("profile.title")}</Link> },
                  { key: "leave", icon: <LogoutOutlined />, label: t("frame.leave"), onClick: () => void leave() },
                ],
              }}
            >
              <Button type="text" icon={<UserOutlined />}>
                {me.name}
              </Button>
            </Dropdown>
          </Flex>
        </Layout.Header>
        <Layout.Content style={{ padding: 24 }}>
          <main>
            <Suspense fallback={<Spin style={{ display: "block", marginTop: 120 }} />}>
              <Outlet />
            </Suspense>
          </main>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}

function Tasks() {
  const { t } = useTranslation();
  const may = useMay();
  const { pathname } = useLocation();
  const waiting = useStanding();
  const items = useMemo<MenuProps["items"]>(() => {
    const groups = new Map<string, NonNullable<MenuProps["items"]>>();
    for (const place of PLACES) {
      if (!place.group || !may(place.right)) continue;
      const group = groups.get(place.group) ?? [];
      const count = waiting[place.path] ?? 0;
      group.push({
        key: place.path,
        icon: place.icon,
        label: (
          <Link to={place.path}>
            <Flex justify="space-between" align="center">
              {t(place.name)}
              <Badge count={count} size="small" overflowCount={999} title={t("frame.waiting", { n: count })} />
            </Flex>
          </Link>
        ),
      });
      groups.set(place.group, group);
    }
    return [...groups].map(([key, children]) => ({ key, type: "group", label: t(key), children }));
  }, [t, may, waiting]);
  const here = PLACES.filter((p) => p.group && (pathname === p.path || (p.path !== "/" && pathname.startsWith(p.path))));
  return (
    <nav aria-label={t("frame.menu")}>
      <Menu mode="inline" items={items} selectedKeys={here.map((p) => p.path)} style={{ borderInlineEnd: 0 }} />
    </nav>
  );
}

/** The cockpit, or for who may not see it the first screen of their menu. */
export function Home({ page }: { page: ReactNode }) {
  const may = useMay();
  const first = PLACES.find((place) => place.group && may(place.right));
  return first && first.path !== "/" ? <Navigate to={first.path} replace /> : page;
}

export function Lost() {
  const { t } = useTranslation();
  return <Typography.Paragraph>{t("frame.lost")}</Typography.Paragraph>;
}
