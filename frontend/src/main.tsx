/** Starts the console. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { App, ConfigProvider } from "antd";
import english from "antd/locale/en_US";
import chinese from "antd/locale/zh_CN";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useTranslation } from "react-i18next";
import { BrowserRouter, Route, Routes } from "react-router";
import { Problem } from "./api/client";
import { Frame, Home, Lost } from "./frame/Frame";
import { PLACES } from "./frame/screens";
import { SignedIn } from "./frame/session";
import { look } from "./frame/theme";
import { ready } from "./words";

const DARK = "hefu.dark";

const questions = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchInterval: 30_000, // a fall-back: what moves is told at once
      retry: (count, error) => count < 2 && !(error instanceof Problem && error.status < 500),
    },
  },
});

function Console() {
  const { i18n } = useTranslation();
  const [dark, setDark] = useState(() => localStorage.getItem(DARK) === "yes");
  const turn = () => {
    localStorage.setItem(DARK, dark ? "no" : "yes");
    setDark(!dark);
  };
  return (
    <ConfigProvider theme={look(dark)} locale={i18n.language === "zh" ? chinese : english} button={{ autoInsertSpace: false }}>
      <App>
        <SignedIn>
          <BrowserRouter basename="/ui">
            <Routes>
              <Route element={<Frame dark={dark} turn={turn} />}>
                {PLACES.map(({ path, page: Page }) => (
                  <Route key={path} path={path} element={path === "/" ? <Home page={<Page />} /> : <Page />} />
                ))}
                <Route path="*" element={<Lost />} />
              </Route>
            </Routes>
          </BrowserRouter>
        </SignedIn>
      </App>
    </ConfigProvider>
  );
}

await ready;
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={questions}>
      <Console />
    </QueryClientProvider>
  </StrictMode>,
);
