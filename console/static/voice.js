// A browser as a telephone: microphone, loudspeaker, and a channel for keys over one WebRTC connection.
const GATHER_MS = 2000;

function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((done) => {
    peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && done());
    setTimeout(done, GATHER_MS);
  });
}

// Opens the microphone and makes an offer; `loudspeaker` is an <audio>, `lost` is called when the connection breaks.
// Throws with words for the user.
export async function openVoice(loudspeaker, lost) {
  if (!navigator.mediaDevices) throw new Error("浏览器不允许使用麦克风：请在本机或者以 HTTPS 打开本页");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
  } catch (error) {
    throw new Error(error.name === "NotAllowedError" ? "麦克风没有得到允许" : `麦克风不能使用（${error.name}）`);
  }
  const microphone = stream.getAudioTracks()[0];
  const peer = new RTCPeerConnection({ iceServers: [] });
  const sender = peer.addTrack(microphone, stream);
  const keys = peer.createDataChannel("keys");
  peer.ontrack = (event) => { loudspeaker.srcObject = new MediaStream([event.track]); };
  peer.onconnectionstatechange = () => { if (["failed", "closed"].includes(peer.connectionState)) lost(); };
  await peer.setLocalDescription(await peer.createOffer());
  await gathered(peer);
  return {
    fresh: true, // not yet offered to the server
    offer: peer.localDescription.sdp,
    answer: (sdp) => peer.setRemoteDescription({ type: "answer", sdp }),
    speak: (on) => sender.replaceTrack(on ? microphone : null), // off: nothing is sent at all
    press: (key) => { if (keys.readyState === "open") keys.send(key); },
    close() { peer.onconnectionstatechange = null; peer.close(); microphone.stop(); },
  };
}

export function lineTo(path) {
  return new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
}
