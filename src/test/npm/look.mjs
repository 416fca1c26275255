// node look.mjs PAGE FOLDER: looks at a page as people do, and prints what it saw as JSON.
//
// On a phone and on a desk, light and dark, in a real Chromium: what axe-core has to say of it, what does not fit,
// what it asks of others, and whether its details open by keyboard alone. FOLDER gets the pictures.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";
import puppeteer from "puppeteer-core";

const [page, folder] = process.argv.slice(2);
const axe = createRequire(import.meta.url)("axe-core").source;
const sizes = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 900 } };

const browser = await puppeteer.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"],
});
const seen = {};
try {
  for (const [device, viewport] of Object.entries(sizes)) {
    for (const scheme of ["light", "dark"]) {
      const tab = await browser.newPage();
      const asked = [];
      const said = [];
      tab.on("request", (request) => asked.push(request.url()));
      tab.on("console", (message) => said.push(message.text()));
      tab.on("pageerror", (error) => said.push(String(error)));
      await tab.setViewport(viewport);
      await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await tab.goto(pathToFileURL(page).href);
      await tab.screenshot({ path: path.join(folder, `${device}-${scheme}.png`), fullPage: true });
      const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      let opened = false;
      for (let i = 0; i < 20 && !opened; i++) {
        await tab.keyboard.press("Tab");
        if (await tab.evaluate(() => document.activeElement.tagName === "SUMMARY")) {
          await tab.keyboard.press("Enter");
          opened = await tab.evaluate(() => document.querySelector("details").open);
        }
      }
      await tab.evaluate(axe);
      const violations = await tab.evaluate(async () => {
        const result = await globalThis.axe.run();
        return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`);
      });
      seen[`${device}-${scheme}`] = { asked: asked.slice(1), said, overflow, opened, violations };
      await tab.close();
    }
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
