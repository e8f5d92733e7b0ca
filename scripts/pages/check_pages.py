"""Uses the pages that gan-lab writes in a headless Chromium, as check-pages.sh says."""

import argparse
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from playwright.sync_api import sync_playwright

import browser
import explore_page
import lesson_page
import live_page
import run_page
import sefa_page

PAGES = {"sefa": sefa_page, "explore": explore_page, "run": run_page, "live": live_page, "lesson": lesson_page}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--out", type=Path, required=True, help="where screenshots go")
    parser.add_argument("--only", choices=sorted(PAGES))
    args = parser.parse_args()
    binary = args.binary.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    failed = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        def gan_lab(*words, code=0):
            done = subprocess.run([binary, *map(str, words)], cwd=gan_lab.world, capture_output=True, text=True)
            if done.returncode != code:
                raise SystemExit(f"gan-lab {' '.join(map(str, words))}: {done.returncode}: {done.stderr}")
            return done.stdout

        gan_lab.binary = binary
        for name, module in PAGES.items():
            if args.only not in (None, name):
                continue
            # Each page has a folder of its own.
            world = gan_lab.world = Path(folder) / name
            world.mkdir()
            # --no-sandbox: in containers the user is root, and the pages are our own.
            chromium = playwright.chromium.launch(executable_path=args.chromium, args=["--no-sandbox"])
            bench = browser.Bench(chromium, args.out)
            try:
                for title, check in module.checks(gan_lab, world, args.root):
                    try:
                        check(bench)
                        print(f"ok      {name}: {title}", flush=True)
                    except Exception as error:
                        failed.append(f"{name}: {title}")
                        where = traceback.extract_tb(error.__traceback__)
                        ours = [f"{Path(at.filename).name}:{at.lineno}" for at in where if "pages" in at.filename]
                        print(f"FAILED  {name}: {title}\n        {error} ({', '.join(ours)})", flush=True)
                    finally:
                        bench.close_all()
            finally:
                chromium.close()
    print(f"screenshots: {args.out}")
    if failed:
        print(f"{len(failed)} failed:\n  " + "\n  ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
