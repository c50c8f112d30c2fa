// Brings the interactive figures of a static page to life, with no kernel and no network, from https:// and from file:// alike.
// A classic script: put it on a page that has a .figure-host, beside the figures' scripts (python -m figures.bundle), with defer.
(() => {
  "use strict";
  const home = document.currentScript.src;

  // What anywidget gives a figure in Jupyter, less the kernel.
  function modelOf(state) {
    const listeners = new Map();
    const heard = (name) => listeners.get(name) ?? listeners.set(name, new Set()).get(name);
    return {
      get: (name) => state[name],
      set(name, value) {
        if (state[name] === value) return;
        state[name] = value;
        for (const name_ of [`change:${name}`, "change"]) [...heard(name_)].forEach((listener) => listener());
      },
      on: (name, listener) => void heard(name).add(listener),
      off: (name, listener) => void (listener ? heard(name).delete(listener) : heard(name).clear()),
      save_changes() {},
      send() {},
    };
  }

  // A figure's script hands itself over by an event on its own element. Each is loaded once.
  const loading = new Map();
  function load(name) {
    if (!loading.has(name)) {
      loading.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.addEventListener("figure", (event) => resolve(event.detail));
        script.addEventListener("load", () => reject(new Error(`${name}.js holds no figure`)));
        script.addEventListener("error", () => reject(new Error(`${name}.js could not be read`)));
        script.src = new URL(`${name}.js`, home);
        document.head.append(script);
      }));
    }
    return loading.get(name);
  }

  async function host(place) {
    const plain = [...place.childNodes], el = document.createElement("div");
    try {
      const figure = await load(place.dataset.module);
      place.append(el);
      await figure.render({ model: modelOf(JSON.parse(place.dataset.state)), el });
      plain.forEach((node) => node.remove());
      place.dataset.live = "true";
    } catch (error) {  // the tables that are there already say what the figure shows
      el.remove();
      console.warn(`The figure stays still: ${error.message}`);
    }
  }

  const begin = () => document.querySelectorAll(".figure-host:not([data-live])").forEach(host);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
