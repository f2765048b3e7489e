/** The scene of the mesh view. This module is loaded when somebody asks for a mesh: three.js is large. */
import {
  AmbientLight,
  Box3,
  Color,
  DirectionalLight,
  Group,
  Mesh,
  MeshStandardMaterial,
  PerspectiveCamera,
  Scene,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
  type Material,
  type Object3D
} from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

export type Skin = 'colour' | 'clay' | 'wires';

export interface MeshScene {
  show: (data: ArrayBuffer) => Promise<{ faces: number }>;
  skin: (skin: Skin) => void;
  turn: (yaw: number, pitch: number, nearer: number) => void;
  front: () => void;
  dispose: () => void;
}

/** Set a scene up in an element. Throws where the browser has no WebGL. */
export function meshScene(host: HTMLElement): MeshScene {
  const renderer = new WebGLRenderer({ antialias: true, alpha: true });
  renderer.outputColorSpace = SRGBColorSpace;
  renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  renderer.domElement.setAttribute('aria-hidden', 'true');
  host.append(renderer.domElement);

  const scene = new Scene();
  const camera = new PerspectiveCamera(22, 1, 0.01, 50);
  const key = new DirectionalLight(0xffffff, 1.4);
  key.position.set(1, 1.5, 2);
  const fill = new AmbientLight(0xffffff, 1.7);
  scene.add(key, fill);
  const head = new Group();
  scene.add(head);

  const clay = new MeshStandardMaterial({ color: new Color('#b9a898'), roughness: 0.85 });
  const wires = new MeshStandardMaterial({ color: new Color('#b4541a'), wireframe: true });
  const own = new Map<Mesh, Material | Material[]>();
  let worn: Skin = 'colour';
  let distance = 3;

  const controls = new OrbitControls(camera, renderer.domElement);
  controls.enablePan = false;
  controls.addEventListener('change', draw);

  let asked = 0;
  function draw() {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => renderer.render(scene, camera));
  }

  function resize() {
    const { clientWidth: width, clientHeight: height } = host;
    if (!width || !height) return;
    renderer.setSize(width, height);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    draw();
  }
  const observer = new ResizeObserver(resize);
  observer.observe(host);

  function front() {
    camera.position.set(0, 0, distance);
    controls.target.set(0, 0, 0);
    controls.update();
    draw();
  }

  function wear(skin: Skin) {
    worn = skin;
    for (const [mesh, material] of own) mesh.material = skin === 'clay' ? clay : skin === 'wires' ? wires : material;
    draw();
  }

  function forget() {
    for (const [mesh, material] of own) {
      mesh.geometry.dispose();
      for (const one of [material].flat()) one.dispose();
    }
    own.clear();
    head.clear();
  }

  return {
    async show(data) {
      const { scene: loaded } = await new GLTFLoader().parseAsync(data, '');
      forget();
      let faces = 0;
      loaded.traverse((node: Object3D) => {
        if (!(node instanceof Mesh)) return;
        const mesh = node as Mesh;
        if (!mesh.geometry.getAttribute('normal')) mesh.geometry.computeVertexNormals();
        faces += (mesh.geometry.index?.count ?? mesh.geometry.getAttribute('position').count) / 3;
        own.set(mesh, mesh.material);
      });
      const box = new Box3().setFromObject(loaded);
      loaded.position.sub(box.getCenter(new Vector3()));
      distance = box.getSize(new Vector3()).length() * 1.75;
      controls.minDistance = distance / 4;
      controls.maxDistance = distance * 2;
      head.add(loaded);
      wear(worn);
      front();
      return { faces };
    },
    skin: wear,
    turn(yaw, pitch, nearer) {
      const offset = camera.position.clone().sub(controls.target);
      const angle = Math.atan2(offset.x, offset.z) + yaw;
      const flat = Math.hypot(offset.x, offset.z);
      const height = Math.max(-1.4, Math.min(1.4, Math.atan2(offset.y, flat) + pitch));
      const far = offset.length() / nearer;
      camera.position.set(Math.sin(angle) * Math.cos(height) * far, Math.sin(height) * far, Math.cos(angle) * Math.cos(height) * far);
      controls.update();
      draw();
    },
    front,
    dispose() {
      cancelAnimationFrame(asked);
      observer.disconnect();
      controls.dispose();
      forget();
      clay.dispose();
      wires.dispose();
      renderer.dispose();
      renderer.domElement.remove();
    }
  };
}
