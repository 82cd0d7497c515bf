/* Asks for the season's picture anew once a minute, while somebody can see it. Without this the page
   has its link "Refresh". */
(function () {
  "use strict";

  let unfolded = [];

  function picture() {
    return document.getElementById("picture");
  }

  setInterval(function () {
    if (document.visibilityState === "visible" && picture()) {
      htmx.trigger(picture(), "renew");
    }
  }, 60000);

  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!event.detail.shouldSwap) {
      return; // the portal is busy or away: what is there stays, and is asked for again
    }
    // signed out meanwhile: the answer is the way in, which is a page of its own
    if (!event.detail.xhr.responseText.includes('id="picture"')) {
      event.detail.shouldSwap = false;
      window.location.reload();
      return;
    }
    unfolded = Array.from(picture().querySelectorAll("details[open]"), (each) => each.id);
  });

  document.addEventListener("htmx:afterSwap", function () {
    unfolded.forEach(function (id) {
      const part = document.getElementById(id);
      if (part) {
        part.open = true;
      }
    });
  });
})();
