// GitLab's schema of .gitlab-ci.yml (its ci.json), as gitlab-ci-local carries it inside its bundle. Given: { bundle: FILE }
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

const { bundle } = JSON.parse(readFileSync(0, "utf8"));
const text = readFileSync(bundle, "utf8");
const start = text.lastIndexOf("{", text.indexOf('$id:"https://gitlab.com/.gitlab-ci.yml"'));

// The object literal ends where it can first be read as one.
function literal() {
  for (let end = text.indexOf("}", start); end > 0; end = text.indexOf("}", end + 1)) {
    if (!";,".includes(text[end + 1])) continue;
    try {
      return runInNewContext(`(${text.slice(start, end + 1)})`);
    } catch (error) {
      if (error.name !== "SyntaxError") throw error;
    }
  }
  throw new Error("the bundle has no schema");
}
console.log(JSON.stringify(literal()));
