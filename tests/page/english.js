// Modules under test speak English, as the page does where the server writes that catalogue into it.
import { readFileSync } from "node:fs";
import { use } from "../../assets/web/lib/phrases.js";

const english = new URL("../../assets/web/text/en.json", import.meta.url);
use({ language: "en", phrases: JSON.parse(readFileSync(english, "utf8")) });
